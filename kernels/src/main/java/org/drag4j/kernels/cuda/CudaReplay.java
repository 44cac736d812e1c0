package org.drag4j.kernels.cuda;

import java.util.LinkedHashMap;
import java.util.List;
import org.drag4j.device.DeviceException;
import org.drag4j.device.Replay;
import org.drag4j.device.Slot;
import org.jspecify.annotations.Nullable;

/**
 * The launches of a plan, recorded while the device is busy with their first run and enqueued as a
 * whole from then on. If a tensor moves, the recording is dropped; it is made again once two runs
 * in a row have found every tensor in the same place.
 */
final class CudaReplay implements Replay {
  private final CudaBackend backend;
  private final CudaLaunch[] launches;
  private @Nullable CudaGraph graph;
  private CudaPlace[] places = {};
  private boolean tried;
  private boolean refused;

  CudaReplay(CudaBackend backend, List<CudaLaunch> launches) {
    this.backend = backend;
    this.launches = launches.toArray(CudaLaunch[]::new);
  }

  @Override
  public void enqueue() {
    if (graph != null && !moved()) {
      graph.launch();
      return;
    }
    boolean settled = !tried || stayed();
    close();
    launchAll();
    if (settled && !refused && launches.length > 0) {
      record();
    }
    tried = true;
  }

  private void launchAll() {
    for (var launch : launches) {
      launch.enqueue();
    }
  }

  /** Whether a tensor has moved since the recording. */
  private boolean moved() {
    for (var place : places) {
      if (place.moved()) {
        return true;
      }
    }
    return false;
  }

  private boolean stayed() {
    for (var launch : launches) {
      if (launch.moved()) {
        return false;
      }
    }
    return true;
  }

  private void record() {
    // A value has one slot, which many launches look at.
    var distinct = new LinkedHashMap<Slot, CudaPlace>();
    for (var launch : launches) {
      for (var place : launch.places()) {
        distinct.merge(place.slot(), place, (a, b) -> a.byBank() ? b : a);
      }
    }
    try {
      graph = backend.record(this::launchAll);
      places = distinct.values().toArray(CudaPlace[]::new);
    } catch (DeviceException e) {
      refused = true;
      backend.warn(
          "a plan of "
              + launches.length
              + " launches could not be recorded and is enqueued one by one: "
              + e.getMessage());
    }
  }

  @Override
  public void close() {
    if (graph != null) {
      graph.close();
      graph = null;
    }
  }
}
