#!/usr/bin/env escript
%% An escript that divides by the length of its arguments.
mean(L) -> lists:sum(L) / length(L).
main(_) ->
    io:format(standard_error, "mean: 0 numbers~n", []),
    io:format("~p~n", [mean([])]).
