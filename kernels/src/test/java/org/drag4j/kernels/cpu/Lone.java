package org.drag4j.kernels.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.drag4j.device.Backend;
import org.drag4j.graph.Graph;
import org.drag4j.graph.Hook;
import org.drag4j.graph.Value;
import org.drag4j.plan.Plan;
import org.drag4j.plan.PlanOptions;
import org.drag4j.reference.Evaluation;
import org.drag4j.reference.Meaning;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Shape;
import org.drag4j.tensor.Tensor;
import org.drag4j.tensor.WeightSource;
import org.drag4j.trace.Trace;

/** A few nodes run on the CPU device, every input and the output between guard bands. */
final class Lone {
  /** Odd, so that nothing is aligned to vectors. */
  private static final int GUARD = 37;

  private static final float MARK = Float.NaN;

  /** An input and its elements. */
  static final class In {
    private final Shape shape;
    private final float[] x;

    In(Shape shape, float... x) {
      this.shape = shape;
      this.x = x;
    }

    static In normal(long seed, int... dims) {
      var shape = Shape.of(dims);
      return new In(shape, Sums.normal(Math.toIntExact(shape.size()), seed));
    }

    Shape shape() {
      return shape;
    }

    float[] x() {
      return x;
    }
  }

  private Lone() {}

  /** Both families of kernels. */
  static List<Integer> widths() {
    return List.of(0, VectorWidth.ofThisProcessor());
  }

  static float[] run(int threads, int bits, Function<List<Value>, Value> net, In... inputs) {
    return run(threads, bits, new TestWeights(DType.F32), net, inputs);
  }

  /** The output as one step computes it, the same in two runs. */
  static float[] run(
      int threads, int bits, WeightSource source, Function<List<Value>, Value> net, In... inputs) {
    var g = new Graph(Hook.NONE);
    var values = new ArrayList<Value>();
    for (int i = 0; i < inputs.length; i++) {
      values.add(g.input("x" + i, inputs[i].shape(), DType.F32));
    }
    var shape = net.apply(values).output("y").shape();
    try (var backend = new CpuBackend(threads, bits);
        var weights = backend.weights(source);
        var plan = Plan.compile(g, backend, weights, PlanOptions.DEFAULT)) {
      assertEquals(1, plan.steps().size(), plan.steps().toString());
      var guarded = new ArrayList<float[]>();
      for (int i = 0; i < inputs.length; i++) {
        guarded.add(guarded(inputs[i].x()));
        plan.bind("x" + i, inside(backend, inputs[i].shape(), guarded.getLast()));
      }
      var y = new float[Math.toIntExact(shape.size())];
      Arrays.fill(y, MARK);
      plan.bind("y", inside(backend, shape, guarded(y)));
      plan.run(Trace.OFF);
      float[] first = result(plan.tensor("y"));
      plan.bind("y", inside(backend, shape, guarded(y)));
      plan.run(Trace.OFF);
      assertArrayEquals(first, result(plan.tensor("y")), "a second run, to another place");
      for (int i = 0; i < inputs.length; i++) {
        assertArrayEquals(guarded.get(i), whole(plan.tensor("x" + i)), "input " + i);
      }
      return first;
    }
  }

  /** What the nodes mean, in double. */
  static double[] exact(Function<List<Value>, Value> net, In... inputs) {
    return exact(new TestWeights(DType.F32), net, inputs);
  }

  /** What the nodes mean with these weights, in double. */
  static double[] exact(WeightSource source, Function<List<Value>, Value> net, In... inputs) {
    var g = new Graph(Hook.NONE);
    var values = new ArrayList<Value>();
    var numbers = new HashMap<String, double[]>();
    for (int i = 0; i < inputs.length; i++) {
      var x = inputs[i].x();
      values.add(g.input("x" + i, inputs[i].shape(), DType.F32));
      numbers.put("x" + i, IntStream.range(0, x.length).mapToDouble(k -> x[k]).toArray());
    }
    net.apply(values).output("y");
    return Evaluation.by(Meaning.EXACT).of(g, numbers, source).sequencedValues().getFirst();
  }

  private static float[] guarded(float[] x) {
    var all = new float[x.length + 2 * GUARD];
    Arrays.fill(all, MARK);
    System.arraycopy(x, 0, all, GUARD, x.length);
    return all;
  }

  private static Tensor inside(Backend backend, Shape shape, float[] all) {
    var memory = backend.allocate((long) all.length * Float.BYTES, "test");
    new Tensor(memory, 0, Shape.of(all.length), DType.F32).write(all);
    return new Tensor(memory, GUARD * Float.BYTES, shape, DType.F32);
  }

  private static float[] whole(Tensor t) {
    int count = Math.toIntExact(t.memory().byteSize() / Float.BYTES);
    return new Tensor(t.memory(), 0, Shape.of(count), DType.F32).read();
  }

  private static float[] result(Tensor t) {
    var all = whole(t);
    var y = Arrays.copyOfRange(all, GUARD, all.length - GUARD);
    assertArrayEquals(guarded(y), all, "guard bands");
    return y;
  }
}
