<?php
declare(strict_types=1);
namespace Acme\Billing;

final class NegativeAmount extends \DomainException {}

final class Money {
    public function __construct(private int $cents) {
        if ($cents < 0) {
            throw new NegativeAmount("amount must not be negative: {$cents}");
        }
    }
    public static function of(int $cents): self { return new self($cents); }
}
