package org.drag4j.schedule;

/** Classifier-free guidance (Ho and Salimans, 2022). */
public final class Guidance {
  private Guidance() {}

  /**
   * The prediction with a prompt, drawn away from the one without: {@code uncond + weight * (cond -
   * uncond)}.
   *
   * @param unconditional prediction for the empty or the negative prompt
   * @param conditional prediction for the prompt, as long
   * @return as long
   */
  public static float[] of(float[] unconditional, float[] conditional, double weight) {
    var guided = new float[conditional.length];
    for (int i = 0; i < guided.length; i++) {
      guided[i] = (float) (unconditional[i] + weight * (conditional[i] - unconditional[i]));
    }
    return guided;
  }
}
