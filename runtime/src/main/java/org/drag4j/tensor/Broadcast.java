package org.drag4j.tensor;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** How a smaller tensor meets a larger one that it is broadcast to, as kernels walk over both. */
public final class Broadcast {
  /**
   * One loop of the nest left when neighbouring dimensions are joined that the smaller tensor
   * either both has or both lacks.
   *
   * @param stride of the smaller tensor; 0 where it is broadcast
   */
  public record Loop(long count, long stride) {}

  /** Row r of the larger tensor meets row {@code r / repeat % rows} of the smaller. */
  public record Rows(int repeat, int rows) {}

  private Broadcast() {}

  /** Loops for {@code b} broadcast to {@code a}, innermost first; at least one. */
  public static List<Loop> loops(Shape a, Shape b) {
    var loops = new ArrayList<Loop>();
    long stride = 1;
    for (int i = 1; i <= a.rank(); i++) {
      int count = a.dim(-i);
      boolean has = i <= b.rank() && b.dim(-i) != 1;
      if (count == 1) {
        continue;
      }
      if (!loops.isEmpty() && (loops.getLast().stride() != 0) == has) {
        var inner = loops.removeLast();
        loops.add(new Loop(Math.multiplyExact(inner.count(), count), inner.stride()));
      } else {
        loops.add(new Loop(count, has ? stride : 0));
      }
      if (has) {
        stride = Math.multiplyExact(stride, count);
      }
    }
    if (loops.isEmpty()) {
      loops.add(new Loop(1, 1));
    }
    return loops;
  }

  /**
   * Rows for {@code b} broadcast to {@code a}, where b has all of the last dimension and those of
   * its own are next to each other: {@code [C]}, {@code [T, C]}, {@code [N, 1, 1, C]}, a's own
   * shape. Empty for others.
   */
  public static Optional<Rows> rows(Shape a, Shape b) {
    if (b.rank() == 0 || b.dim(-1) != a.dim(-1)) {
      return Optional.empty();
    }
    long repeat = 1;
    long rows = 1;
    boolean beyond = false;
    for (int i = 2; i <= a.rank(); i++) {
      int mine = i <= b.rank() ? b.dim(-i) : 1;
      int all = a.dim(-i);
      if (mine == all && (all == 1 || !beyond)) {
        rows *= all;
      } else if (mine == 1 && rows == 1) {
        repeat *= all;
      } else if (mine == 1) {
        beyond = true;
      } else {
        return Optional.empty();
      }
    }
    return Optional.of(new Rows(Math.toIntExact(repeat), Math.toIntExact(rows)));
  }
}
