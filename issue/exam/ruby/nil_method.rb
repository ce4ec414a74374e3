Order = Struct.new(:customer)

class Invoice
  attr_reader :order

  def initialize(order) = @order = order

  def greeting
    "Dear #{order.customer.name.capitalize}"
  end
end

format = ->(invoice) { invoice.greeting }
puts format.call(Invoice.new(Order.new(nil)))
