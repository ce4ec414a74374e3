package com.acme.kotlin

sealed class Command {
    data class Ship(val id: Int) : Command()
    object Stop : Command()
}

class Warehouse(private val stock: Map<Int, Int?>) {
    fun ship(id: Int): Int = stock[id]!!
    inline fun <T> locked(block: () -> T): T = synchronized(this) { block() }
}

fun handle(commands: Sequence<Command>, house: Warehouse) = commands.map {
    when (it) {
        is Command.Ship -> house.locked { house.ship(it.id) }
        Command.Stop -> error("stop requested: ümlaut")
    }
}

fun main() {
    System.err.println("[main] INFO Warehouse - 1 item")
    val results = handle(sequenceOf(Command.Ship(1), Command.Stop), Warehouse(mapOf(1 to 1)))
    results.forEach { System.err.println("[main] INFO Warehouse - shipped $it") }
}
