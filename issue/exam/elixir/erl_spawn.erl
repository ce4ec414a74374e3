#!/usr/bin/env escript
handle({msg, N}) when N > 0 -> ok.
main(_) ->
    logger:remove_handler(default),
    logger:add_handler(default, logger_std_h, #{config => #{type => standard_error}}),
    spawn(fun() -> handle({msg, -1}) end),
    timer:sleep(200).
