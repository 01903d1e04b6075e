"""Speed, measured beside yardsticks in the same run, on the same machine; never asserted in a test."""
