t = Thread.new { Float("abc") }
t.report_on_exception = true
begin
  t.join
rescue ArgumentError
end
