package org.drag4j.cli.doctor;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.drag4j.device.Probe;
import org.junit.jupiter.api.Test;

class DevicesCommandTest {
  @Test
  void devicesSayWhyNot() {
    assertEquals(
        List.of("cpu      ready         16 threads"),
        DevicesCommand.lines(new Probe.Available("cpu", "16 threads")));
    assertEquals(
        List.of("cuda:0   ready         H200, compute 9.0", "                       cudnn: none"),
        DevicesCommand.lines(new Probe.Available("cuda:0", "H200, compute 9.0\ncudnn: none")));
    assertEquals(
        List.of("cuda     unavailable   no libcuda.so.1; install the driver"),
        DevicesCommand.lines(
            new Probe.Unavailable("cuda", "no libcuda.so.1", "install the driver")));
  }
}
