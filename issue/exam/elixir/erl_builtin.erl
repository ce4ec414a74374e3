-module(erl_builtin). -export([main/1]).
main(_) -> spawn(fun() -> lists:nth(5,[1]) end), timer:sleep(100), X = list_to_integer("z"), io:format("~p",[X]).
