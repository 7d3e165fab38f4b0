"""The connectors that come with Syncline, held against the kit: nothing is skipped that their platform can do."""

from syncline.plugins import discover
from syncline.testing import conformance
from syncline.testing.example.acme_desk import plugin
from syncline.testing.example.acme_stand import AcmeStand
from syncline.testing.stands.cherwell import CherwellStand
from syncline.testing.stands.helix import HelixStand
from syncline.testing.stands.jira import JiraCloudStand, JiraDataCenterStand
from syncline.testing.stands.pagerduty import PagerDutyStand
from syncline.testing.stands.servicenow import ServiceNowStand

FOUND = discover().found

TestServiceNow = conformance(FOUND["servicenow"], ServiceNowStand)
TestJiraCloud = conformance(FOUND["jira"], JiraCloudStand)
TestJiraDataCenter = conformance(FOUND["jira"], JiraDataCenterStand)
TestAcmeDesk = conformance(plugin, AcmeStand)
TestPagerDuty = conformance(FOUND["pagerduty"], PagerDutyStand)
TestHelix = conformance(FOUND["helix"], HelixStand)
TestCherwell = conformance(FOUND["cherwell"], CherwellStand)
