package org.drag4j.plan;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.drag4j.graph.Graph;
import org.drag4j.graph.Hook;
import org.drag4j.graph.Op;
import org.drag4j.graph.Port;
import org.drag4j.graph.Value;
import org.drag4j.tensor.DType;

/**
 * A graph whose values have the types in which a device stores them: its own for activations, the
 * graph's for what the host reads and writes. At a port where the two types differ there is a cast.
 */
final class StoredTypes {
  /** A value in a type that it is not stored in. */
  private record Wanted(Value value, DType dtype) {}

  private final Graph to = new Graph(Hook.NONE);
  private final DType activations;
  private final Map<Value, Value> stored = new HashMap<>();
  private final Map<Wanted, Value> casts = new HashMap<>();

  private StoredTypes(DType activations) {
    this.activations = activations;
  }

  /**
   * The graph as a device stores it.
   *
   * @param activations the device's type for them
   * @throws IllegalArgumentException where an output to be bound is also an input or another output
   */
  static Graph of(Graph graph, DType activations) {
    var types = new StoredTypes(activations);
    for (var v : graph.live()) {
      types.stored.put(v, types.store(v));
    }
    var taken = new HashMap<Value, String>();
    graph
        .outputs()
        .forEach((name, v) -> {
          var port = graph.port(name);
          boolean aliased =
              taken.putIfAbsent(v.root(), name) != null || v.root().op() instanceof Op.Input;
          if (aliased && port != Port.OWNED) {
            throw new IllegalArgumentException(
                "output "
                    + name
                    + ": expected a value of its own to bind, got that of "
                    + v.root().path());
          }
          types.as(types.stored(v), types.dtype(v, port)).output(name, port);
        });
    return types.to;
  }

  private Value store(Value v) {
    return switch (v.op()) {
      case Op.Input(var name) -> {
        var port = v.graph().port(name);
        yield to.input(name, v.shape(), dtype(v, port), port);
      }
      case Op.Weight(var param) -> to.weight(param);
      case Op.Reshape r -> {
        var of = stored(v.in(0));
        yield to.node(r, v.path(), of.dtype(), List.of(of));
      }
      case Op.Cast(var type) -> as(stored(v.in(0)), type);
      default ->
          to.node(
              v.op(),
              v.path(),
              dtype(v, Port.BOUND),
              v.inputs().stream().map(in -> operand(v.op(), in)).toList());
    };
  }

  /** Timesteps reach 1000 and need not be whole numbers, so they are read in F32. */
  private Value operand(Op reader, Value in) {
    return as(stored(in), reader instanceof Op.TimestepEmbedding ? DType.F32 : activations);
  }

  /** A value as it is, or cast: floating-point numbers that are no weights. */
  private Value as(Value v, DType dtype) {
    return v.dtype() == dtype || !floating(v) || v.root().op() instanceof Op.Weight
        ? v
        : casts.computeIfAbsent(
            new Wanted(v, dtype),
            w -> to.node(new Op.Cast(dtype), v.path(), dtype, List.of(w.value())));
  }

  private DType dtype(Value v, Port port) {
    return port != Port.OWNED && floating(v) ? activations : v.dtype();
  }

  private static boolean floating(Value v) {
    return switch (v.dtype()) {
      case F32, F16, BF16, F64 -> true;
      case I32, I64, U8 -> false;
    };
  }

  private Value stored(Value v) {
    return Objects.requireNonNull(stored.get(v));
  }
}
