<?php
class OrderException extends RuntimeException {}
function charge(int $amount) {
    if ($amount < 0) throw new OrderException("amount < 0: $amount");
}
class Shop { public function run(array $orders) { foreach ($orders as $o) charge($o); } }
(new Shop)->run([1, -1]);
