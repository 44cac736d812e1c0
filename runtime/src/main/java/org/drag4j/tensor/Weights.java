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
   * Full name of a tensor, checked to exist with this shape in the checkpoint's own layout.
   *
   * @throws WeightMismatchException where it is missing or of another shape
   */
  public String require(String leaf, Shape expected) {
    var name = path(leaf);
    source.require(name, expected);
    return name;
  }

  private String path(String leaf) {
    return prefix.isEmpty() ? leaf : prefix + "." + leaf;
  }
}
