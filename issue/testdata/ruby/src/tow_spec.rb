class Rope
  def pull(n) = Integer(n)
end
RSpec.describe Rope do
  it("pulls") { expect(Rope.new.pull("4")).to eq(3) }
  it("breaks") { Rope.new.pull("x") }
  it("holds") { }
end
