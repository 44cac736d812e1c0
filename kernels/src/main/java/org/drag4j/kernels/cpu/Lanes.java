package org.drag4j.kernels.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** The species of all vector code, constant once this class is loaded. */
final class Lanes {
  /** Kept apart so that asking for the processor's width does not fix the species. */
  private static final class Chosen {
    private static final VectorShape SHAPE = VectorShape.forBitSize(VectorWidth.fixedBits());
  }

  private Lanes() {}

  static int preferredBits() {
    return Math.clamp(FloatVector.SPECIES_PREFERRED.vectorBitSize(), 128, 512);
  }

  static VectorSpecies<Float> floats() {
    return VectorSpecies.of(float.class, Chosen.SHAPE);
  }

  /** As many shorts as there are floats in a vector. */
  static VectorSpecies<Short> shorts() {
    return VectorSpecies.of(short.class, VectorShape.forBitSize(Chosen.SHAPE.vectorBitSize() / 2));
  }

  static VectorSpecies<Integer> ints() {
    return VectorSpecies.of(int.class, Chosen.SHAPE);
  }
}
