/**
 * Terms of the Brick ontology 1.4.4 (https://brickschema.org), read from its file in the package brickschema 0.8.0 of
 * PyPI: its quantities and those of QUDT that it refers to, its substances, and its classes of equipment, without those
 * that it has deprecated.
 */

const QUANTITIES =
  'Active_Energy Air_Quality Alternating_Current_Frequency Ammonia_Concentration Apparent_Energy ' +
  'CO2_Concentration CO_Concentration Cloudage Current_Angle Current_Imbalance ' +
  'Current_Total_Harmonic_Distortion Differential_CO2_Concentration Differential_CO_Concentration ' +
  'Differential_Dry_Bulb_Temperature Differential_Dynamic_Pressure Differential_Pressure ' +
  'Differential_Static_Pressure Differential_Temperature Direction Dry_Bulb_Temperature Electric_Energy ' +
  'Formaldehyde_Concentration GrainsOfMoisture Level Linear_Speed Methane_Concentration NO2_Concentration ' +
  'Occupancy Occupancy_Count Occupancy_Percentage Operative_Temperature Ozone_Concentration ' +
  'PM10_Concentration PM1_Concentration PM2.5_Concentration Phasor_Angle Phasor_Magnitude Position ' +
  'Precipitation Radiant_Temperature Radon_Concentration Reactive_Energy Rotational_Speed Solar_Irradiance ' +
  'Solar_Radiance Speed TVOC_Concentration Voltage_Angle Voltage_Imbalance Volume Wet_Bulb_Temperature ' +
  'Wind_Direction ';
const QUDT =
  'AbsoluteHumidity Acceleration ActivePower ActivityConcentration Angle AngularAcceleration AngularVelocity ' +
  'Area AtmosphericPressure Capacitance Capacity Conductivity CorrelatedColorTemperature DataRate Density ' +
  'DewPointTemperature Dimensionless DimensionlessRatio Distance DynamicPressure ElectricCharge ' +
  'ElectricCurrent ElectricPower Energy Enthalpy Force Frequency GaugePressure Illuminance Inductance ' +
  'InformationEntropy Irradiance Length Luminance LuminousFlux LuminousIntensity MagneticFlux Mass ' +
  'MassFlowRate PlaneAngle Power PowerFactor Pressure PressureRatio Radiance ReactivePower RelativeHumidity ' +
  'Resistance SoundPressure Speed StaticPressure Temperature ThermalEnergy Thrust Time Torque Velocity ' +
  'Voltage Volume VolumeFlowRate ';
const SUBSTANCES =
  'Air Blowdown_Water Building_Air Bypass_Air Bypass_Water CO CO2 Chilled_Water Collection_Basin_Water ' +
  'Condenser_Water Deionized_Water Discharge_Air Domestic_Hot_Water Domestic_Water Entering_Chilled_Water ' +
  'Entering_Condenser_Water Entering_Hot_Water Entering_Water Exhaust_Air Frost Fuel_Oil Gas Gasoline Glycol ' +
  'Hail Hot_Water Ice Leaving_Chilled_Water Leaving_Condenser_Water Leaving_Hot_Water Leaving_Water Light ' +
  'Liquid Liquid_CO2 Makeup_Water Mixed_Air Natural_Gas Oil Outside_Air Potable_Water Refrigerant Return_Air ' +
  'Soil Solid Steam Supply_Air Water Zone_Air ';
const EQUIPMENT =
  'AED AHU Absorption_Chiller Access_Control_Equipment Access_Reader Active_Chilled_Beam Air_Cooled_Chiller ' +
  'Air_Diffuser Air_Handler_Unit Air_Handling_Unit Air_Plenum Audio_Visual_Equipment ' +
  'Automated_External_Defibrillator Automatic_Switch Automatic_Tint_Window Automatic_Transfer_Switch ' +
  'BACnet_Controller Backflow_Preventer_Valve Baseboard_Radiator Battery Blind Boiler Booster_Fan ' +
  'Booster_Pump Branch_Selector Breaker_Panel Building_Chilled_Water_Meter Building_Disconnect_Switch ' +
  'Building_Electrical_Meter Building_Gas_Meter Building_Hot_Water_Meter Building_Meter Building_Water_Meter ' +
  'Bus_Riser Bypass_Damper Bypass_Valve CAV CRAC CRAH Camera Capillary_Tube_Metering_Device ' +
  'Cassette_Fan_Coil_Unit Ceiling_Fan Centrifugal_Chiller Check_Valve Chilled_Beam ' +
  'Chilled_Water_Booster_Pump Chilled_Water_Bypass_Valve Chilled_Water_Circulator_Pump Chilled_Water_Coil ' +
  'Chilled_Water_Isolation_Valve Chilled_Water_Meter Chilled_Water_Pump Chilled_Water_Storage_Tank ' +
  'Chilled_Water_Thermal_Energy_Storage_Tank Chilled_Water_Thermal_Expansion_Tank Chilled_Water_Valve ' +
  'Chiller Circuit_Breaker Circulator_Pump Coil Cold_Deck Cold_Water_Storage_Tank ' +
  'Collection_Basin_Water_Heater Compressor Computer_Room_Air_Conditioning Computer_Room_Air_Handler ' +
  'Condenser_Heat_Exchanger Condenser_Water_Booster_Pump Condenser_Water_Bypass_Valve ' +
  'Condenser_Water_Circulator_Pump Condenser_Water_Isolation_Valve Condenser_Water_Pump ' +
  'Condenser_Water_Valve Condensing_Natural_Gas_Boiler Condensing_Unit Constant_Air_Volume_Box Controller ' +
  'Cooling_Coil Cooling_Only_Air_Source_Condensing_Unit Cooling_Only_Condensing_Unit ' +
  'Cooling_Only_Ground_Source_Condensing_Unit Cooling_Only_Water_Source_Condensing_Unit Cooling_Tower ' +
  'Cooling_Tower_Fan Cooling_Valve DDAHU DOAS Damper Data_Network_Equipment Daylight_Sensor_Equipment ' +
  'Dedicated_Outdoor_Air_System_Unit Differential_Pressure_Bypass_Valve Dimmer Direct_Expansion_Cooling_Coil ' +
  'Direct_Expansion_Heating_Coil Discharge_Air_Plenum Discharge_Fan Disconnect_Switch ' +
  'Displacement_Flow_Air_Diffuser Domestic_Hot_Water_Circulator_Pump Domestic_Hot_Water_Valve Drench_Hose ' +
  'Dry_Cooler Dual_Duct_Air_Handling_Unit Duct_Fan_Coil_Unit ESS_Panel Economizer Economizer_Damper ' +
  'Electric_Baseboard_Radiator Electric_Boiler Electric_Radiator Electric_Vehicle_Charging_Port ' +
  'Electric_Vehicle_Charging_Station Electrical_Equipment Electrical_Meter Electronic_Expansion_Valve ' +
  'Electronic_Mixing_Valve Elevator Embedded_Surface_System_Panel Emergency_Phone Emergency_Wash_Station ' +
  'Energy_Storage Ethernet_Port Ethernet_Switch Evaporative_Heat_Exchanger Exhaust_Damper Exhaust_Fan ' +
  'Eye_Wash_Station FCU Fan Fan_Coil_Unit Fan_VFD Filter Final_Filter Fire_Alarm Fire_Alarm_Control_Panel ' +
  'Fire_Alarm_Manual_Call_Point Fire_Alarm_Pull_Station Fire_Control_Panel Fire_Safety_Equipment ' +
  'Fire_Sprinkler_Thermal_Expansion_Tank Fire_Sprinkler_Water_Storage_Tank First_Aid_Kit Floor_Fan_Coil_Unit ' +
  'Fume_Hood Gas_Distribution Gas_Meter Gas_Pressure_Regulator_Valve Gas_Valve Gateway Grease_Interceptor ' +
  'HVAC_Equipment HVAC_Valve HX Heat_Detector Heat_Exchanger Heat_Pump_Air_Source_Condensing_Unit ' +
  'Heat_Pump_Condensing_Unit Heat_Pump_Ground_Source_Condensing_Unit Heat_Pump_Water_Source_Condensing_Unit ' +
  'Heat_Recovery_Air_Source_Condensing_Unit Heat_Recovery_Condensing_Unit ' +
  'Heat_Recovery_Water_Source_Condensing_Unit Heat_Wheel Heat_Wheel_VFD Heating_Coil Heating_Valve ' +
  'Horizontal_Fan_Coil_Unit Hot_Deck Hot_Water_Baseboard_Radiator Hot_Water_Booster_Pump ' +
  'Hot_Water_Circulator_Pump Hot_Water_Coil Hot_Water_Meter Hot_Water_Pump Hot_Water_Radiator ' +
  'Hot_Water_Storage_Tank Hot_Water_Thermal_Energy_Storage_Tank Hot_Water_Thermal_Expansion_Tank ' +
  'Hot_Water_Valve Humidifier IAQ_Sensor_Equipment ICT_Equipment ICT_Hardware ICT_Rack Induction_Unit ' +
  'Intake_Air_Filter Intercom_Equipment Interface Intrusion_Detection_Equipment Inverter Isolation_Damper ' +
  'Isolation_Switch Isolation_Valve Jet_Nozzle_Air_Diffuser Laminar_Flow_Air_Diffuser ' +
  'Leak_Detector_Equipment Lighting Lighting_Equipment Luminaire Luminaire_Driver MAU Main_Circuit_Breaker ' +
  'Main_Disconnect_Switch Makeup_Air_Unit Makeup_Water_Valve Manual_Fire_Alarm_Activation_Equipment Meter ' +
  'Mixed_Air_Filter Mixed_Damper Mixing_Valve Modbus_Controller Motor Motor_Control_Center NVR ' +
  'Natural_Gas_Boiler Natural_Gas_Seismic_Shutoff_Valve Network_Router Network_Security_Equipment ' +
  'Network_Video_Recorder Noncondensing_Natural_Gas_Boiler Occupancy_Sensor_Equipment Outside_Damper ' +
  'Outside_Fan PAU PVT_Panel PV_Panel Packaged_Air_Source_Heat_Pump Packaged_Heat_Pump ' +
  'Packaged_Water_Source_Heat_Pump Passive_Chilled_Beam People_Count_Sensor_Equipment Photovoltaic_Inverter ' +
  'Plate_Heat_Exchanger PlugStrip Pre-Cooling_Air_Unit Pre_Filter Preheat_Hot_Water_Valve ' +
  'Pressure_Reducing_Valve Pressure_Regulator_Valve Pressure_Relief_Valve Pressurization_Fan Pump Pump_VFD ' +
  'RC_Panel RTU RVAV Radiant_Ceiling_Panel Radiant_Panel Radiator Rain_Water_Storage_Tank ' +
  'Refrigerant_Metering_Device Refrigerant_Valve Reheat_Valve Relay Relief_Damper Relief_Fan ' +
  'Return_Air_Filter Return_Air_Plenum Return_Damper Return_Fan Return_Heating_Valve Reversing_Valve ' +
  'Rooftop_Unit Safety_Equipment Safety_Shower Security_Equipment Sensor_Equipment Separation_Tank Server ' +
  'Shading_Equipment Smoke_Detector Solar_Thermal_Collector Space_Heater Standby_CRAC Standby_Fan ' +
  'Static_Transfer_Switch Steam_Baseboard_Radiator Steam_Distribution Steam_Pressure_Reducing_Valve ' +
  'Steam_Pressure_Relief_Valve Steam_Radiator Steam_Valve Storage_Tank Supply_Air_Plenum Supply_Fan ' +
  'Surveillance_Camera Switch Switchgear TABS_Panel Tablet Tank Terminal_Unit Thermal_Energy_Storage_Tank ' +
  'Thermal_Expansion_Tank Thermal_Expansion_Valve Thermal_Power_Meter ' +
  'Thermally_Activated_Building_System_Panel Thermostat Thermostat_Equipment Thermostatic_Mixing_Valve ' +
  'Touchpanel Transfer_Fan Transfer_Switch Transformer Underfloor_Air_Plenum VAV VFD Valve ' +
  'Variable_Air_Volume_Box Variable_Air_Volume_Box_With_Reheat Variable_Frequency_Drive ' +
  'Vibration_Sensor_Equipment Video_Intercom Video_Surveillance_Equipment Wall_Air_Conditioner ' +
  'Wall_Fan_Coil_Unit Waste_Meter Water_Cooled_Chiller Water_Distribution Water_Heater Water_Meter ' +
  'Water_Pressure_Reducing_Valve Water_Pressure_Relief_Valve Water_Pump Water_Storage_Tank Water_Valve ' +
  'Weather_Station Wireless_Access_Point Zone_Damper ';

const BRICK = 'https://brickschema.org/schema/Brick#';
const QUDT_KIND = 'http://qudt.org/vocab/quantitykind/';

/** `ElectricCurrent` and `Electric_Energy` are `electric_current` and `electric_energy`. */
const spelled = (term: string) => term.replace(/([a-z])(?=[A-Z])/g, '$1_').toLowerCase();
const brickSpelled = (term: string) => term.toLowerCase();

function terms(names: string, front: string, spell: (term: string) => string): [string, string][] {
  return names
    .trim()
    .split(' ')
    .map((name) => [spell(name), front + name]);
}

/** By controlled key: the IRI of what a value means, if an ontology has it. */
export const TERMS: Readonly<Record<'quantity' | 'medium' | 'equipment', ReadonlyMap<string, string>>> = {
  // Brick's own come last, and win.
  quantity: new Map([...terms(QUDT, QUDT_KIND, spelled), ...terms(QUANTITIES, BRICK, brickSpelled)]),
  medium: new Map(terms(SUBSTANCES, BRICK, brickSpelled)),
  equipment: new Map(terms(EQUIPMENT, BRICK, brickSpelled)),
};
