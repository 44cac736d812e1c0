package org.drag4j.kernels.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/** What the processor can do: multiplications of vectors in a loop of nothing else. */
final class VectorPeak {
  /** As many as any processor's vector has. */
  static final int MAX_LANES = 16;

  private static final int LENGTH = 64;
  private static final VectorSpecies<Float> SPECIES = Lanes.floats();
  static final int LANES = SPECIES.length();

  private VectorPeak() {}

  /** The loop. */
  static SelfTest.Probe probe() {
    return new SelfTest.Probe("multiplication", 12 * LENGTH, VectorPeak::multiply);
  }

  private static final float[] SINK = new float[LANES];

  /** Twelve sums, none of which waits for another. */
  private static void multiply() {
    var x = FloatVector.broadcast(SPECIES, 0.5f);
    var a = FloatVector.broadcast(SPECIES, 1);
    var b = a;
    var c = a;
    var d = a;
    var e = a;
    var f = a;
    var g = a;
    var h = a;
    var i = a;
    var j = a;
    var k = a;
    var l = a;
    for (int n = 0; n < LENGTH; n++) {
      a = x.fma(a, x);
      b = x.fma(b, x);
      c = x.fma(c, x);
      d = x.fma(d, x);
      e = x.fma(e, x);
      f = x.fma(f, x);
      g = x.fma(g, x);
      h = x.fma(h, x);
      i = x.fma(i, x);
      j = x.fma(j, x);
      k = x.fma(k, x);
      l = x.fma(l, x);
    }
    a.add(b)
        .add(c)
        .add(d)
        .add(e)
        .add(f)
        .add(g)
        .add(h)
        .add(i)
        .add(j)
        .add(k)
        .add(l)
        .intoArray(SINK, 0);
  }
}
