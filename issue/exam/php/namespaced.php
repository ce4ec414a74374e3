<?php
namespace Acme;
require __DIR__ . '/src/Money.php';
use Acme\Billing\Money;

function refund(array $cents): array { return array_map(fn(int $c) => Money::of(-$c), $cents); }
refund([5]);
