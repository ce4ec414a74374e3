require "erb"
begin
  load File.join(__dir__, "lib", "broken.rb")
end
