package com.acme.scalashop

trait Event
case class Paid(amount: BigDecimal) extends Event
case object Refunded extends Event

object Ledger {
  def book(e: Event): BigDecimal = e match {
    case Paid(a) => a
  }
  def total(events: Seq[Event]): BigDecimal = events.map(book).sum

  def main(args: Array[String]): Unit = println(total(List(Paid(1), Refunded)))
}
