package org.drag4j.plan;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.drag4j.graph.Graph;
import org.drag4j.graph.Hook;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;

/**
 * Rewrites that fuse an operation with the elementwise operations after it, so that the result in
 * between need not go through memory. A value with a second reader is never fused away, nor is an
 * output.
 */
public enum Fusion {
  /** GroupNorm and the activation after it. */
  GROUP_NORM_ACTIVATION("group_norm_activation", Op.GroupNorm.class),
  /** Convolution, timestep shift, residual. */
  CONV2D_EPILOGUE("conv2d_epilogue", Op.Conv2d.class),
  /** Linear layer, activation or gate, residual. */
  LINEAR_EPILOGUE("linear_epilogue", Op.Linear.class);

  /** Switches every fusion off. */
  private static final String ALL = "all";

  private final String label;
  private final Class<? extends Op> body;

  Fusion(String label, Class<? extends Op> body) {
    this.label = label;
    this.body = body;
  }

  /** The name by which this fusion is switched off. */
  public String label() {
    return label;
  }

  /**
   * Refuses a name that no fusion has.
   *
   * @throws IllegalArgumentException with the list of names
   */
  public static void check(Set<String> off) {
    var names = new ArrayList<>(Arrays.stream(values()).map(Fusion::label).toList());
    names.add(ALL);
    for (var name : off) {
      if (!names.contains(name)) {
        throw new IllegalArgumentException(
            "--no-fusion "
                + name
                + ": expected one of "
                + String.join(", ", names)
                + ", got "
                + name);
      }
    }
  }

  /**
   * The graph with every allowed fusion applied.
   *
   * @param off names of fusions not to apply; {@code all} means every one
   * @param supported whether the device has a kernel for a fused node; without one the node stays
   *     plain
   */
  static Graph apply(Graph graph, Set<String> off, Predicate<Value> supported) {
    check(off);
    if (off.contains(ALL)) {
      return graph;
    }
    return new Rewrite(graph, off, supported).run();
  }

  private static Optional<Fusion> of(Op op, Set<String> off) {
    var body = op.body();
    for (var f : values()) {
      if (f.body.isInstance(body) && !off.contains(f.label)) {
        return Optional.of(f);
      }
    }
    return Optional.empty();
  }

  private static final class Rewrite {
    private final Graph from;
    private final Graph to = new Graph(Hook.NONE);
    private final Set<String> off;
    private final Predicate<Value> supported;
    private final Map<Value, Integer> uses = new HashMap<>();
    private final Set<Value> outputs;
    private final Map<Value, Value> done = new HashMap<>();

    Rewrite(Graph from, Set<String> off, Predicate<Value> supported) {
      this.from = from;
      this.off = off;
      this.supported = supported;
      this.outputs = new HashSet<>(from.outputs().values());
    }

    Graph run() {
      var live = from.live();
      for (var v : live) {
        for (var in : v.inputs()) {
          uses.merge(in, 1, Integer::sum);
        }
      }
      for (var v : live) {
        done.put(v, rewritten(v));
      }
      // An absorbed node is still in the new graph, but dead there.
      from.outputs().forEach((name, v) -> at(v).output(name, from.port(name)));
      return to;
    }

    private Value rewritten(Value v) {
      return switch (v.op()) {
        case Op.Unary u -> fused(v, 0, u).orElseGet(() -> copy(v));
        case Op.Geglu g -> fused(v, 0, g).orElseGet(() -> copy(v));
        // Fuse into the later operand: the other one is computed by then.
        case Op.Binary b when b.fn() == Op.BinaryFn.ADD && v.in(1).id() > v.in(0).id() ->
            fused(v, 1, b).or(() -> fused(v, 0, b)).orElseGet(() -> copy(v));
        case Op.Binary b -> fused(v, 0, b).orElseGet(() -> copy(v));
        default -> copy(v);
      };
    }

    /**
     * {@code v}, an elementwise operation or a gate, absorbed by the producer of its operand {@code
     * i}.
     */
    private Optional<Value> fused(Value v, int i, Op stage) {
      var operand = v.in(i);
      if (uses.getOrDefault(operand, 0) != 1
          || outputs.contains(operand)
          || (stage instanceof Op.Binary && !operand.shape().equals(v.shape()))) {
        return Optional.empty();
      }
      var producer = at(operand);
      if (of(producer.op(), off).isEmpty()) {
        return Optional.empty();
      }
      var then = new ArrayList<Op>();
      Op body = producer.op();
      if (body instanceof Op.Fused(var b, var stages)) {
        body = b;
        then.addAll(stages);
      }
      then.add(stage);
      var inputs = new ArrayList<>(producer.inputs());
      if (stage instanceof Op.Binary) {
        inputs.add(at(v.in(1 - i)));
      }
      var y = to.node(new Op.Fused(body, then), producer.path(), v.dtype(), inputs);
      return supported.test(y) ? Optional.of(y) : Optional.empty();
    }

    private Value copy(Value v) {
      return to.copy(v, this::at);
    }

    private Value at(Value old) {
      var v = done.get(old);
      if (v == null) {
        throw new IllegalStateException(old + ": used before it was made");
      }
      return v;
    }
  }
}
