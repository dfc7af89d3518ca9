"""The settings document: one document an instance, grouped and named as the operators know it; pure, no storage."""
