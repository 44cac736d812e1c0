package org.drag4j.device;

/** One packed copy of a network's weights on a device, shared by all plans of the network. */
public interface DeviceWeights extends AutoCloseable {
  /** Bytes held on the device. */
  long byteSize();

  /** Releases them; plans that use them must not run afterwards. */
  @Override
  void close();
}
