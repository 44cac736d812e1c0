package org.drag4j.kernels.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;
import org.drag4j.reference.Meaning;
import org.drag4j.reference.WeightValues;
import org.drag4j.tensor.WeightSource;

/** Sums in double precision, and how far a sum of floats may be from them. */
final class Sums {
  private Sums() {}

  /** A sum and the sum of its terms' magnitudes, which its rounding error is in proportion to. */
  record Sum(double value, double magnitude, int terms) {
    static final Sum ZERO = new Sum(0, 0, 0);

    Sum plus(double term) {
      return new Sum(value + term, magnitude + Math.abs(term), terms + 1);
    }
  }

  static float[] normal(int count, long seed) {
    var random = new Random(seed);
    var x = new float[count];
    for (int i = 0; i < count; i++) {
      x[i] = (float) random.nextGaussian();
    }
    return x;
  }

  /** The sums that a product of an input with weights, and their bias, is. */
  static Sum[] of(Value product, float[] x, WeightSource weights) {
    var in = new ArrayList<double[]>();
    in.add(IntStream.range(0, x.length).mapToDouble(i -> x[i]).toArray());
    for (var operand : product.inputs().subList(1, product.inputs().size())) {
      if (operand.op() instanceof Op.Weight(var param)) {
        in.add(WeightValues.of(weights, param));
      }
    }
    var values = Meaning.EXACT.of(product, in);
    var magnitudes = Meaning.EXACT.of(product, each(in, Math::abs));
    var terms = Meaning.EXACT.of(product, each(in, _ -> 1));
    return IntStream.range(0, values.length)
        .mapToObj(i -> new Sum(values[i], magnitudes[i], (int) terms[i]))
        .toArray(Sum[]::new);
  }

  private static List<double[]> each(List<double[]> in, DoubleUnaryOperator f) {
    return in.stream().map(values -> Arrays.stream(values).map(f).toArray()).toList();
  }

  /** Rounding errors of a sum add up like a random walk. */
  static void assertClose(Sum expected, float got, String where) {
    double ulp = Math.scalb(1.0, -24) * expected.magnitude();
    assertEquals(expected.value(), got, ulp * (2 + 2 * Math.sqrt(expected.terms())), where);
  }
}
