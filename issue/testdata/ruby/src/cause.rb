class ConfigError < StandardError; end

def read
  Integer("x")
end

def load
  read
rescue ArgumentError
  raise ConfigError, "cannot read\nthe configuration"
end

load
