class Menu
  def method_missing(name, *args)
    lookup(name)
  end

  def respond_to_missing?(*) = true

  def lookup(name) = resolve(name)
end

Menu.new.open
