package org.drag4j.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.SplittableRandom;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

/** Blocks that live at the same time never share a byte; others do. */
class MemoryLayoutTest {
  private record Asked(MemoryLayout.Block block, long bytes, int first, int last) {
    boolean meets(Asked other) {
      return first <= other.last && other.first <= last;
    }

    boolean overlaps(Asked other) {
      return block.offset() < other.block.offset() + other.bytes
          && other.block.offset() < block.offset() + bytes;
    }
  }

  @RepeatedTest(100)
  void blocksAliveTogetherAreApart(RepetitionInfo info) {
    var random = new SplittableRandom(info.getCurrentRepetition());
    var layout = new MemoryLayout();
    var asked = new ArrayList<Asked>();
    for (int i = random.nextInt(1, 80); i > 0; i--) {
      long bytes = random.nextInt(8) == 0 ? 0 : random.nextLong(1, 1L << random.nextInt(1, 34));
      int first = random.nextInt(-1, 40);
      int last = first + random.nextInt(10);
      var block = layout.add(bytes, first, first);
      block.keepUntil(last);
      block.keepUntil(first); // never shortens
      asked.add(new Asked(block, bytes, first, last));
    }
    long size = layout.place();
    long end = 0;
    for (var a : asked) {
      assertEquals(0, a.block().offset() % 64);
      assertTrue(a.block().offset() >= 0);
      end = Math.max(end, a.block().offset() + a.bytes());
      for (var b : asked) {
        if (!a.block().equals(b.block()) && a.bytes() > 0 && b.bytes() > 0 && a.meets(b)) {
          assertTrue(!a.overlaps(b), () -> a + " " + b);
        }
      }
    }
    assertTrue(end <= size && size < end + 64, end + " of " + size);
  }

  @Test
  void aChainNeedsTwoBlocksAtATime() {
    var layout = new MemoryLayout();
    for (int step = 0; step < 100; step++) {
      layout.add(1024, step, step + 1);
    }
    assertEquals(2048, layout.place());
  }

  @Test
  void nothingNeedsNothing() {
    assertEquals(0, new MemoryLayout().place());
  }
}
