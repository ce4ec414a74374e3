require_relative "lib/ledger"
warn "ledger: 2 rows, no errors"
Ledger::Book.new.post([[1, 1], [2, 3]])
