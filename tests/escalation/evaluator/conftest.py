"""The company of the tests of the evaluator."""

import pytest
from company import LADDER, Company, company


@pytest.fixture
def ladder() -> Company:
    return company(LADDER)
