module Ledger
  class Error < StandardError; end

  class Imbalance < Error
    def initialize(debit, credit)
      super("debit #{debit} ≠ credit #{credit}")
    end
  end

  class Book
    def post(rows)
      rows.each_with_index do |(debit, credit), i|
        raise Imbalance.new(debit, credit) unless debit == credit
      end
    end
  end
end
