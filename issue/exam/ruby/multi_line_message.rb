class PlanError < RuntimeError
  def message
    "plan has 2 problems:\n  - step 'a': unknown\n  - step 'b': \"from\" is missing"
  end
end

module Planner
  def self.run!(plan)
    plan.tap { |p| raise PlanError }
  end
end

Planner.run!({})
