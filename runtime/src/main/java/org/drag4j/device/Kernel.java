package org.drag4j.device;

/** A kernel chosen for one node, not yet bound to memory. */
public interface Kernel {
  /**
   * {@code <op>_<dtype>_<algorithm>[_<tile>]}, with the operation's label; fused operations follow
   * a {@code +}: {@code group_norm_f32_row+silu}.
   */
  String name();

  /** Whether its rounding is coarser than a plain evaluation's; {@code exact} excludes it. */
  default boolean approximate() {
    return false;
  }

  /** Scratch memory it needs while it runs, in bytes. */
  default long workspaceBytes() {
    return 0;
  }

  /** Resolves addresses, packs weights that are not packed yet, and returns the launch. */
  Launch bind(Bindings at);
}
