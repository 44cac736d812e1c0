package org.drag4j.kernels.opencl;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.drag4j.device.Backend;
import org.drag4j.graph.Graph;
import org.drag4j.graph.Hook;
import org.drag4j.graph.Op;
import org.drag4j.plan.Plan;
import org.drag4j.plan.PlanOptions;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Param;
import org.drag4j.tensor.Shape;
import org.drag4j.tensor.WeightSource;
import org.drag4j.trace.Trace;

/** A small network that needs several programs, always with the same numbers. */
final class Network {
  private static final int CHANNELS = 24;
  private static final Map<String, Shape> WEIGHTS =
      Map.of(
          "conv.weight", Shape.of(CHANNELS, CHANNELS, 3, 3),
          "norm.weight", Shape.of(CHANNELS),
          "norm.bias", Shape.of(CHANNELS),
          "tokens.weight", Shape.of(CHANNELS),
          "tokens.bias", Shape.of(CHANNELS));

  private Network() {}

  /** What it computes on a device. */
  static float[] run(Backend backend, Trace trace) {
    return run(backend, trace, PlanOptions.DEFAULT, DType.F32);
  }

  /** What it computes by chosen kernels from weights of F32 or F16. */
  static float[] run(Backend backend, Trace trace, PlanOptions options, DType type) {
    try (var weights = backend.weights(new Normal(type));
        var plan = Plan.compile(graph(), backend, weights, options)) {
      var x = plan.tensor("x");
      var values = new float[Math.toIntExact(x.shape().size())];
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) Math.sin(i);
      }
      x.write(values);
      plan.run(trace);
      return plan.tensor("y").read();
    }
  }

  static Graph graph() {
    var g = new Graph(Hook.NONE);
    var x = g.input("x", Shape.of(1, 9, 7, CHANNELS), DType.F32);
    var scale = g.weight(Param.of("norm.weight", Shape.of(CHANNELS)));
    var shift = g.weight(Param.of("norm.bias", Shape.of(CHANNELS)));
    var h = g.node(new Op.GroupNorm(4, 1e-5f), "norm", x, scale, shift).silu();
    var w = g.weight(Param.filter("conv.weight", CHANNELS, 3, 3, CHANNELS));
    h = g.node(new Op.Conv2d(1, 1, 1, false), "conv", h, w);
    var tokens = h.reshape(1, 63, CHANNELS);
    var gain = g.weight(Param.of("tokens.weight", Shape.of(CHANNELS)));
    var offset = g.weight(Param.of("tokens.bias", Shape.of(CHANNELS)));
    tokens = g.node(new Op.LayerNorm(1e-5f), "tokens", tokens, gain, offset);
    g.node(new Op.Attention(2, false), "attention", tokens, tokens, tokens).output("y");
    return g;
  }

  /** Normal numbers for every weight. */
  private record Normal(DType type) implements WeightSource {
    @Override
    public String origin() {
      return "test";
    }

    @Override
    public Set<String> names() {
      return WEIGHTS.keySet();
    }

    @Override
    public Optional<Entry> entry(String name) {
      return Optional.ofNullable(WEIGHTS.get(name)).map(s -> new Entry(s, type));
    }

    @Override
    public MemorySegment bytes(String name, Arena arena) {
      int count = Math.toIntExact(entry(name).orElseThrow().shape().size());
      var random = new Random(name.hashCode());
      var bytes = arena.allocate((long) count * type.bytes(), Float.BYTES);
      for (int i = 0; i < count; i++) {
        float x = (float) random.nextGaussian();
        if (type == DType.F16) {
          bytes.setAtIndex(ValueLayout.JAVA_SHORT, i, Float.floatToFloat16(x));
        } else {
          bytes.setAtIndex(ValueLayout.JAVA_FLOAT, i, x);
        }
      }
      return bytes;
    }
  }
}
