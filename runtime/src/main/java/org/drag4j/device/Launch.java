package org.drag4j.device;

/** One kernel call with everything resolved: enqueueing it looks nothing up, allocates nothing. */
@FunctionalInterface
public interface Launch {
  void enqueue();
}
