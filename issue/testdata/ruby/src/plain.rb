class Order
  def initialize(lines)
    @lines = lines
  end

  def total
    @lines.map { |line| line.fetch(:price) }.sum
  end
end

Order.new([{ price: 1 }, {}]).total
