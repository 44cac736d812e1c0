package org.drag4j.device;

/** A kernel chosen for one node, not yet bound to memory. */
public interface Kernel {
  /**
   * {@code <op>_<dtype>_<algorithm>[_<tile>]}, the operation by its label; {@code +} begins what
   * else it does: {@code group_norm_f32_row+silu}.
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

  /** Resolves everything, packs weights where that was not done yet, and returns the launch. */
  Launch bind(Bindings at);
}
