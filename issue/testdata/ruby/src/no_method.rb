module Shop
  def self.run
    nil.price
  end
end

Shop.run
