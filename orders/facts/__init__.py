"""What rules are judged on: views of orders, described as flat tables of facts."""
