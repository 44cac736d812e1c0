package org.drag4j.trace;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Predicate;
import org.drag4j.device.Step;
import org.drag4j.graph.Cost;

/**
 * Adds up time by step: by the device's clock where there is one, otherwise by the host's, which is
 * right for devices that run a step before {@code enqueue} returns.
 */
public final class TimingTrace implements Trace {
  private final Map<Step, long[]> byStep = new LinkedHashMap<>();
  private long started;

  /**
   * Time spent in one kernel. Tables of two devices are joined on operation and path.
   *
   * @param op label of the operation
   * @param path of the node; empty in a row of a kernel's calls at all paths
   * @param nanos time of all calls
   * @param cost least cost of all calls
   */
  public record Row(String op, String path, String kernel, int calls, long nanos, Cost cost) {
    /** Arithmetic per second, in 10^9. */
    public double gigaflops() {
      return (double) cost.flops() / nanos;
    }
  }

  @Override
  public void begin(Step step) {
    started = System.nanoTime();
  }

  @Override
  public void end(Step step) {
    var cell = byStep.computeIfAbsent(step, _ -> new long[3]);
    cell[0] += System.nanoTime() - started;
    cell[1]++;
  }

  @Override
  public void measured(Step step, long nanos) {
    byStep.computeIfAbsent(step, _ -> new long[3])[2] += nanos;
  }

  /** Number of calls of the steps that {@code which} accepts. */
  public int calls(Predicate<Step> which) {
    return byStep.entrySet().stream()
        .filter(e -> which.test(e.getKey()))
        .mapToInt(e -> (int) e.getValue()[1])
        .sum();
  }

  /** One row for each kernel, the longest time first. */
  public List<Row> byKernel() {
    return rows(_ -> "");
  }

  /** One row for each operation at each path, the longest time first. */
  public List<Row> byPath() {
    return rows(step -> step.node().path());
  }

  private List<Row> rows(Function<Step, String> path) {
    var rows = new LinkedHashMap<List<String>, Row>();
    byStep.forEach((step, cell) -> {
      int calls = (int) cell[1];
      var row =
          new Row(
              step.node().op().label(),
              path.apply(step),
              step.kernel().name(),
              calls,
              cell[2] > 0 ? cell[2] : cell[0],
              new Cost(step.cost().flops() * calls, step.cost().bytes() * calls));
      rows.merge(
          List.of(row.op(), row.path(), row.path().isEmpty() ? row.kernel() : ""),
          row,
          (a, b) ->
              new Row(
                  a.op(),
                  a.path(),
                  a.kernel().equals(b.kernel()) ? a.kernel() : a.kernel() + ", " + b.kernel(),
                  a.calls() + b.calls(),
                  a.nanos() + b.nanos(),
                  a.cost().plus(b.cost())));
    });
    var sorted = new ArrayList<>(rows.values());
    sorted.sort(Comparator.comparingLong(Row::nanos).reversed());
    return List.copyOf(sorted);
  }
}
