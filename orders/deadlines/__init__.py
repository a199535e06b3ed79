"""What is awaited, from whom and until when: the policy table and the watches it opens."""
