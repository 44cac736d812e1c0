package org.drag4j.kernels.cpu;

import java.util.Arrays;

/** What the kernels of one open CPU device share: threads, arithmetic, scratch memory. */
final class CpuContext {
  private final Workers workers;
  private final Gemm gemm;
  private final RowMath math;
  private final float[] zeros;
  private final Reclaim reclaim;
  private final float[][] scratch;
  private final int[][] indices;

  CpuContext(Workers workers, Gemm gemm, RowMath math) {
    this.workers = workers;
    this.gemm = gemm;
    this.math = math;
    zeros = new float[gemm.panelWidth()];
    reclaim = new Reclaim();
    scratch = new float[workers.size()][0];
    indices = new int[workers.size()][0];
  }

  private CpuContext(CpuContext other, Gemm gemm) {
    this.workers = other.workers;
    this.gemm = gemm;
    this.math = other.math;
    zeros = new float[gemm.panelWidth()];
    reclaim = other.reclaim;
    scratch = other.scratch;
    indices = other.indices;
  }

  /** The same threads and memory with another inner kernel. */
  CpuContext with(Gemm other) {
    return new CpuContext(this, other);
  }

  Workers workers() {
    return workers;
  }

  Gemm gemm() {
    return gemm;
  }

  /** A row of sums to start from. */
  float[] zeros() {
    return zeros;
  }

  RowMath math() {
    return math;
  }

  Reclaim reclaim() {
    return reclaim;
  }

  /** Makes sure every thread has scratch memory of this size; called when a kernel is bound. */
  void reserveScratch(int floats) {
    for (int i = 0; i < scratch.length; i++) {
      if (scratch[i].length < floats) {
        scratch[i] = Arrays.copyOf(scratch[i], floats);
      }
    }
  }

  /** Scratch memory of a thread; its content is lost with the task. */
  float[] scratch(int thread) {
    return scratch[thread];
  }

  /** Gives every thread room for {@code count} indices; called when a kernel is bound. */
  void reserveIndices(int count) {
    for (int i = 0; i < indices.length; i++) {
      if (indices[i].length < count) {
        indices[i] = new int[count];
      }
    }
  }

  /** Room of a thread for indices; its content is lost with the task. */
  int[] indices(int thread) {
    return indices[thread];
  }
}
