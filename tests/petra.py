"""Raw files as the templates of PETRA III make them: https://github.com/nexdatas/nxstools, in xmltemplates.

Names, units and their mistakes are those of the templates; the numbers are those of the ramp of `beamlines`.
"""

from __future__ import annotations

from beamlines import ENERGY, EXPOSURE, N, collection, integrated, root

from nxspectra.tree import Field, Group, Node


def _file(name: str, fields: dict[str, Node]) -> Group:
    """One detector in the instrument of every template, with source.xml and dcm.xml."""
    mono = Group(
        "NXmonochromator",
        {
            "energy": Field(1000 * ENERGY, units="eV"),
            "collection": collection(energyfmb=Field(1000 * ENERGY, units="eV"), braggangle=Field(4.43)),
        },
    )
    source = Group(
        "NXsource",
        {
            "name": Field("PETRA III"),
            "type": Field("Synchrotron X-ray Source"),
            "probe": Field("x-ray"),
            "current": Field(100.0, units="mA"),
            "energy": Field(6.08, units="GeV"),
        },
    )
    instrument = Group(
        "NXinstrument",
        {"source": source, "monochromator": mono, name: Group("NXdetector", fields)},
    )
    return root(
        "scan",
        {
            "instrument": instrument,
            "sample": Group("NXsample", {"name": Field("ferropericlase")}),
            "integrated": integrated(),
        },
    )


def lambda_() -> Group:
    """lambda.xml and lambdavds.xml, of P02.2."""
    kept = collection(
        trigger_mode=Field(0),
        shutter_time=Field(1000 * EXPOSURE, units="ms"),
        delay_time=Field(0.0, units="ms"),
        frame_numbers=Field(50),
        save_all_images=Field(True),
        lastest_image_number=Field(N),
        total_loss_frames=Field(0),
        distortion_correction=Field(1),
    )
    extra = collection(
        thread_no=Field(0),
        file_start_num=Field("0"),
        frames_per_file=Field("10"),
        compressor_rate=Field(4),
        compression_rate=Field(4),
        shutter_time_max=Field(2_000_000.0, units="ms"),
        shutter_time_min=Field(0.5, units="ms"),
    )
    return _file(
        "lambda",
        {
            "local_name": Field("haspp02lmbd01a"),
            "x_pixel_size": Field(55.0, units="um"),
            "y_pixel_size": Field(55.0, units="um"),
            "layout": Field("area"),
            "description": Field("Lambda"),
            "threshold_energy": Field(12_000.0, units="eV"),
            "collection": kept,
            "collection_extra": extra,
        },
    )


def perkin_elmer() -> Group:
    """perkinelmerdetector.xml, whose exposure is in millimetres, beside the LAMBDA that was in the beam."""
    kept = collection(
        exposure_time=Field(1.0, units="mm"),
        file_index=Field("17"),
        files_after_trigger=Field(1),
        perfrom_integration=Field(0),
        perform_dark_substraction=Field(1),
        save_subtacted=Field(0),
        summed_dark_images=Field(10),
        skipped_at_start=Field(1),
        user_comment1=Field("Sample (Mg0.2,Fe0.8)O with Pt, dDAC"),
    )
    detector = Group("NXdetector", {"description": Field("Perkin Elmer"), "collection": kept})
    return lambda_().put("scan/instrument/perkinelmer", detector)


def pilatus() -> Group:
    """pilatus.xml."""
    kept = collection(
        delay_time=Field(0.02, units="s"),
        exposure_period=Field(0.11, units="s"),
        exposure_time=Field(EXPOSURE, units="s"),
        nb_frames=Field(N),
        nb_exposures=Field(1),
        last_image_taken=Field("ramp_00005.cbf"),
        mx_parameters=Field("Wavelength 0"),
        signal=Field(1),
    )
    return _file(
        "pilatus",
        {"x_pixel_size": Field(172.0, units="um"), "description": Field("Pilatus"), "collection": kept},
    )


def mythen() -> Group:
    """mythen2.xml; what it calls energy is what its threshold is made from, and counts are in seconds."""
    kept = collection(
        energy=Field(8_000.0, units="eV"),
        counts1=Field(1234.0, units="s"),
        counts_total=Field(123_456.0, units="s"),
        exposure_time=Field(EXPOSURE, units="s"),
        nb_frames=Field(N),
    )
    return _file(
        "mythen",
        {
            "threshold_energy": Field(4_000.0, units="eV"),
            "sensor_material": Field("Si"),
            "description": Field("Mythen"),
            "collection": kept,
        },
    )


def lima() -> Group:
    """limaccd.xml."""
    kept = collection(
        latency_time=Field(0.001, units="s"),
        dead_time=Field(0.002, units="s"),
        live_time=Field(0.098, units="s"),
        acc_max_expo_time=Field(1.0, units="s"),
        acc_expo_time=Field(0.01, units="s"),
        acq_expo_time=Field(EXPOSURE, units="s"),
        acq_nb_frames=Field(N),
        saving_frame_per_file=Field("10"),
        image_width=Field(1024, units="pixels"),
    )
    return _file("limaccd", {"description": Field("Lima"), "collection": kept})
