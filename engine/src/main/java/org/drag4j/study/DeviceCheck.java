package org.drag4j.study;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.drag4j.device.Backend;
import org.drag4j.device.DeviceException;
import org.drag4j.plan.PlanOptions;
import org.drag4j.reference.CaseGraph;
import org.drag4j.reference.CompiledCase;
import org.drag4j.reference.Evaluation;
import org.drag4j.reference.Meaning;
import org.drag4j.reference.OpCase;
import org.drag4j.reference.OpCases;
import org.drag4j.tensor.DType;
import org.drag4j.trace.Trace;

/**
 * Runs small cases of every operation on a device, each at least once, with other sizes and numbers
 * every time, and compares the results with plain loops.
 */
public final class DeviceCheck {
  /** Relative L2: a right kernel in single precision is a hundred times better, a wrong one not. */
  private static final double SINGLE = 1e-4;

  private static final double HALF = 1e-2;

  /** Weights and numbers of the first round. */
  private static final long SEED = 20_240_701;

  /**
   * What was found of one case.
   *
   * @param name the operation, and how it is used
   * @param kernels that ran it
   * @param runs how often it ran before the time was up or it failed
   * @param relL2 the largest error
   * @param failure what is wrong, in a line; empty where nothing is
   */
  public record Row(String name, List<String> kernels, int runs, double relL2, String failure) {
    public Row {
      kernels = List.copyOf(kernels);
    }

    /** Whether nothing is wrong. */
    public boolean ok() {
      return failure.isEmpty();
    }
  }

  private final Backend backend;
  private final double allowed;
  private final Map<String, Row> rows = new LinkedHashMap<>();

  private DeviceCheck(Backend backend) {
    this.backend = backend;
    this.allowed = backend.activations() == DType.F16 ? HALF : SINGLE;
  }

  /**
   * Checks a device until the time is up. A device that fails is not asked again for that case.
   *
   * @param clock counts nanoseconds
   * @param starting is told the name of each case before it runs; what it throws ends the check
   */
  public static List<Row> run(
      Backend backend, long nanos, LongSupplier clock, Consumer<String> starting) {
    var check = new DeviceCheck(backend);
    long start = clock.getAsLong();
    for (long round = 0; round == 0 || clock.getAsLong() - start < nanos; round++) {
      boolean any = false;
      for (var c : OpCases.drawn(SEED + round)) {
        if (round > 0 && clock.getAsLong() - start >= nanos) {
          break;
        }
        any |= check.one(c, starting);
      }
      if (!any) {
        break;
      }
    }
    return List.copyOf(check.rows.values());
  }

  /** Whether the case may be asked again. */
  private boolean one(OpCase c, Consumer<String> starting) {
    var name = c.name();
    var before = rows.getOrDefault(name, new Row(name, List.of(), 0, 0, ""));
    if (!before.ok()) {
      return false;
    }
    starting.accept(name);
    var kernels = new TreeSet<>(before.kernels());
    double error = Double.NaN;
    String failure;
    try {
      var built = c.build();
      var answer = Evaluation.by(Meaning.EXACT).of(built).sequencedValues().getFirst();
      error = relL2(answer, compute(built, kernels));
      failure =
          error <= allowed
              ? ""
              : String.format(
                  Locale.ROOT,
                  "expected an error of at most %.0e, got %.1e, by %s",
                  allowed,
                  error,
                  String.join(" ", kernels));
    } catch (RuntimeException | LinkageError | OutOfMemoryError e) {
      failure =
          Optional.ofNullable(e.getMessage()).orElse(e.toString()).replaceAll("\\s+", " ").strip();
    }
    var row =
        new Row(
            name,
            new ArrayList<>(kernels),
            before.runs() + 1,
            Double.isNaN(error) ? error : Math.max(before.relL2(), error),
            failure);
    rows.put(name, row);
    return row.ok();
  }

  private float[] compute(CaseGraph built, Set<String> kernels) {
    try (var compiled = CompiledCase.open(backend, built, PlanOptions.DEFAULT)) {
      var plan = compiled.plan();
      plan.steps().forEach(step -> kernels.add(step.kernel().name()));
      plan.run(Trace.OFF);
      var first = plan.tensor("y").read();
      compiled.write();
      plan.run(Trace.OFF);
      if (!Arrays.equals(first, plan.tensor("y").read())) {
        throw new DeviceException(
            "expected the same numbers from a second run, got others, by "
                + String.join(" ", kernels));
      }
      return first;
    }
  }

  /** Not a number where any is not. */
  private static double relL2(double[] expected, float[] got) {
    if (got.length != expected.length) {
      return Double.POSITIVE_INFINITY;
    }
    double error = 0;
    double size = 0;
    for (int i = 0; i < got.length; i++) {
      error += (got[i] - expected[i]) * (got[i] - expected[i]);
      size += expected[i] * expected[i];
    }
    return Math.sqrt(error / size);
  }
}
