"""Benchmarks: how fast waiting records are drained, beside a plain consumer and two well-known frameworks."""
