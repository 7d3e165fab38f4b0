"""The one way to call a platform: timeouts, TLS, authentication, budget, breaker, retries, redaction."""
