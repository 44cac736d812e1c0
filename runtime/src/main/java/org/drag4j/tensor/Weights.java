package org.drag4j.tensor;

/** A {@link WeightSource} seen from a prefix: {@code w.at("resnets").at(0)}. */
public record Weights(WeightSource source, String prefix) {
  /** The whole source. */
  public static Weights of(WeightSource source) {
    return new Weights(source, "");
  }

  /** The weights one level down. */
  public Weights at(Object name) {
    return new Weights(source, path(name.toString()));
  }

  /** Whether there is a tensor of this name here. */
  public boolean has(String leaf) {
    return source.has(path(leaf));
  }

  /**
   * A weight of this shape, in an order that checkpoint and engine share.
   *
   * @throws WeightMismatchException where it is missing, of another shape or not floating point
   */
  public Param require(String leaf, Shape expected) {
    return require(leaf, expected, Layout.SAME);
  }

  /**
   * A weight of this shape in the checkpoint's own layout.
   *
   * @throws WeightMismatchException where it is missing, of another shape or not floating point
   */
  public Param require(String leaf, Shape expected, Layout layout) {
    var param = new Param(path(leaf), expected, layout);
    source.require(param);
    return param;
  }

  private String path(String leaf) {
    return prefix.isEmpty() ? leaf : prefix + "." + leaf;
  }
}
