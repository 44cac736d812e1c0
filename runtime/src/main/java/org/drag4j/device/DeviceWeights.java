package org.drag4j.device;

import org.drag4j.tensor.DType;
import org.drag4j.tensor.Param;

/** One packed copy of a network's weights on a device, shared by all plans of the network. */
public interface DeviceWeights extends AutoCloseable {
  /** Element type in which the device keeps a weight. */
  default DType dtype(Param param) {
    return DType.F32;
  }

  /** Bytes held on the device. */
  long byteSize();

  /** Releases them; plans that use them must not run afterwards. */
  @Override
  void close();
}
