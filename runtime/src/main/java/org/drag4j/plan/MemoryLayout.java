package org.drag4j.plan;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Places blocks of known lifetime in one slab: largest first, each at the lowest offset that no
 * block alive at the same time covers.
 */
final class MemoryLayout {
  /** Blocks start on multiples of this many bytes: a cache line, the width of a vector. */
  private static final long ALIGNMENT = 64;

  /** A block, alive from step {@code first} to step {@code last}, both included. */
  static final class Block {
    private final long bytes;
    private final int first;
    private int last;
    private long offset = -1;

    Block(long bytes, int first, int last) {
      this.bytes = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
      this.first = first;
      this.last = last;
    }

    void keepUntil(int step) {
      last = Math.max(last, step);
    }

    long offset() {
      return offset;
    }

    private boolean meets(Block other) {
      return first <= other.last && other.first <= last;
    }
  }

  private final List<Block> blocks = new ArrayList<>();

  Block add(long bytes, int first, int last) {
    var b = new Block(bytes, first, last);
    blocks.add(b);
    return b;
  }

  /** Gives every block its offset; returns the slab's size in bytes. */
  long place() {
    var placed = new ArrayList<Block>();
    long size = 0;
    for (var b :
        blocks.stream()
            .sorted(Comparator.comparingLong((Block x) -> x.bytes).reversed())
            .toList()) {
      long offset = 0;
      // Placed blocks are kept sorted by offset, so one pass finds the first gap.
      for (var other : placed) {
        if (other.meets(b)) {
          if (other.offset - offset >= b.bytes) {
            break;
          }
          offset = Math.max(offset, other.offset + other.bytes);
        }
      }
      b.offset = offset;
      placed.add(b);
      placed.sort(Comparator.comparingLong(Block::offset));
      size = Math.max(size, offset + b.bytes);
    }
    return size;
  }
}
