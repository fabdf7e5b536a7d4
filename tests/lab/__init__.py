# SPDX-License-Identifier: Apache-2.0
"""A small data centre on one machine: what the demo, the end-to-end tests and the benchmarks use."""
