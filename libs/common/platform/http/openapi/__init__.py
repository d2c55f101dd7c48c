"""The OpenAPI document of a service, made of its routes when it is first asked for."""
