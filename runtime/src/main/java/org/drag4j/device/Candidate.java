package org.drag4j.device;

/**
 * One way to compute a node.
 *
 * @param provider whose kernel it is: {@link #OWN}, {@code cudnn}
 * @param variant the provider's algorithm; empty where it has one only
 * @param kernel that computes the node
 */
public record Candidate(String provider, String variant, Kernel kernel) {
  /** The provider of the kernels of this repository. */
  public static final String OWN = "own";

  /** A kernel of this repository. */
  public static Candidate own(String variant, Kernel kernel) {
    return new Candidate(OWN, variant, kernel);
  }

  /**
   * The name by which this candidate is forced, listed and tuned: {@code winograd_f4}, {@code
   * cudnn}.
   */
  public String name() {
    if (provider.equals(OWN)) {
      return variant;
    }
    return variant.isEmpty() ? provider : provider + "_" + variant;
  }

  /** Whether its rounding is coarser than a plain evaluation's. */
  public boolean approximate() {
    return kernel.approximate();
  }

  /** Scratch memory it needs, in bytes. */
  public long workspaceBytes() {
    return kernel.workspaceBytes();
  }

  /** The same provider and variant with another kernel. */
  public Candidate with(Kernel other) {
    return new Candidate(provider, variant, other);
  }
}
